"""The command line: which commands are there, which options do they have, and what do they call?

A command is one file, named like the command, and one row of ``commands.COMMANDS``.
"""
