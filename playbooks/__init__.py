"""Playbooks: model, plan, approval, run state machine, actions."""
