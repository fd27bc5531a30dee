"""The editors that there are plug-ins for; apart, so that `handtint` starts quickly."""

EDITORS = ("gimp", "krita")
