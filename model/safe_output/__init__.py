"""How are untrusted text and secrets made safe before anyone reads them?"""
