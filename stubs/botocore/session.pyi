from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import Credentials

class Session:
    def __init__(self, *, profile: str | None = ...) -> None: ...
    def register_component(self, name: str, component: object) -> None: ...
    def get_credentials(self) -> Credentials | None: ...
    def get_config_variable(self, logical_name: str) -> str | None: ...
    def get_partition_for_region(self, region_name: str) -> str: ...
    def create_client(
        self,
        service_name: str,
        region_name: str | None = ...,
        *,
        endpoint_url: str | None = ...,
        aws_access_key_id: str | None = ...,
        aws_secret_access_key: str | None = ...,
        config: Config | None = ...,
    ) -> BaseClient: ...
