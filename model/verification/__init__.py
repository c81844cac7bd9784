"""How a visit verifies that nothing has changed: the plan, and what is remembered between visits."""
