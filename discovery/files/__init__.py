"""Which targets do files list: YAML, JSON and CSV?"""
