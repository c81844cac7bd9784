"""The documents in Markdown (CommonMark with GitHub's tables).

Text from servers and operators is in code spans; our own text is escaped (``markdown_text``).
"""
