"""Every socket lives here: limits, deadlines, and exchanges of one Offer for one Answer.

No question is asked here and no conclusion drawn; errors of the path are translated once,
where the socket is, into Answers.
"""
