"""The routes of docs/http-api.md, and the application around them."""
