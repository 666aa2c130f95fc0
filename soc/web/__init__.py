"""Door: the console (FastAPI, Jinja2, htmx). Each route is a few lines over soc.app."""
