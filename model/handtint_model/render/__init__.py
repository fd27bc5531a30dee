"""Down to the network's size and back: low-resolution color + full-resolution luminance -> RGB."""
