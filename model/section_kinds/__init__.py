"""The kinds of values that an Observation's sections hold, each with all that is done with it in one file.

``model.sections`` says which section is of which kind.
"""
