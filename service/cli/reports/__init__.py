"""Commands that write what is known as evidence, and verify such a report."""
