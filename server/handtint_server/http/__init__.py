"""HTTP below the routes: the socket, bodies, multipart, who may ask, how much fits into memory."""
