"""How is each kind of section value written, merged and compared? Each module has one kind.

``model.sections`` has the kind of each section.
"""
