"""The panel: a window that stays open and shows colors while the user paints.

It is one process with GLib's event loop, started by its menu entry.  GIMP ends a plug-in that
reads a layer which is gone or writes one that is locked, and warns of a damaged state when a
plug-in dies.  So whatever is read or written is looked at right before, in pieces of a few
milliseconds, and no callback lets an exception out.
"""
