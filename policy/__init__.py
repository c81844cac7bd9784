"""Policies: Observations in, results and Findings out; pure, so that history can be judged again."""
