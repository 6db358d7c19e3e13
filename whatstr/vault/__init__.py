"""The vault: formats that the browser, the Python client and the sender share.

Format modules import only core, the standard library and libsodium (nacl), and hold no
key: whatever opens something takes the key as an argument.
"""
