"""The command line: the commands, their options, and what they call.

A command is one file, named like the command, and one row of ``commands.COMMANDS``.
"""
