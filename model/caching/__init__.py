"""How can values be cached in a bounded amount of memory?"""
