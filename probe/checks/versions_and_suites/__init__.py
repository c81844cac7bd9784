"""Which versions, cipher suites, groups and signature schemes does the server accept?"""
