"""This deployment: environment variables, settings, urls, wsgi and asgi."""
