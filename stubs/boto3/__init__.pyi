# boto3 ships no annotations: what the rule of AWS Config uses of it.
from typing import Any

def client(service_name: str) -> Any: ...
