"""The main job by clicking, in a real browser, against the whole service."""
