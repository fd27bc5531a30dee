"""`handtint install` and `handtint uninstall`: the plug-ins into the editors, and out again.

`base` does what is the same for every editor; a module an editor (`gimp`, `krita`) knows where
that editor looks; `editors` chooses among these modules.  Each of them has ``TITLE`` and
``AFTER`` (name, and what to do after installing, for people), ``find(editor_dir)`` (the places
to install to) and ``find_installed(editor_dir)`` (those installed to).
"""
