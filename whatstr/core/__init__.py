"""The kernel: what every domain stands on. Imports nothing of WhatsTR below itself."""
