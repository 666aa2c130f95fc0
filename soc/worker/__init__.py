"""Door: Celery tasks and schedule. Each task is a few lines over soc.app."""
