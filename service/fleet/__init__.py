"""Many workers: a leading scheduler hands batches of visits to worker processes, by way of PostgreSQL.

``lead`` and ``dispatcher`` are the scheduler's side, ``worker`` and ``visitor`` the other; ``queue`` is what
both know of Procrastinate, the task queue. It needs the extra ``workers``: nothing here is imported where
one process does it all.

Three rules make it safe to kill any process at any moment. A visit belongs to who holds the endpoint's
*claim* (``claims``), and is made only where nobody has visited the endpoint since it was asked for; so it does
not matter how often it is asked for, or by how many leaders. What a worker learns is recorded before its
claim is given up. A claim whose worker is dead tells what may have killed it, and the endpoint is visited
in a process of its own: only what dies there is set aside.
"""
