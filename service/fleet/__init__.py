"""Many workers: a leading scheduler hands batches of visits to worker processes through PostgreSQL.

``leader`` and ``dispatcher`` are the scheduler's side, ``worker`` and ``visitor`` the workers'; ``queue`` is what
both know of Procrastinate, the task queue. The package needs the extra ``workers``: a service that runs as one
process imports nothing from here.

Three rules make it safe to kill any process at any time. First, a visit belongs to the worker that holds the
endpoint's *claim* (``leases``), and is made only if no one has visited the endpoint since the request; so it
does not matter how often a visit is requested, or by how many leaders. Second, a worker records what it learns
before it releases the claim. Third, a claim of a dead worker marks its endpoint as a suspect, and the endpoint
is visited in a separate process: it is quarantined only if that process dies too.
"""
