"""Putting the plug-ins where GIMP and Krita look for them, and taking them away again."""
