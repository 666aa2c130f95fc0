"""Settings: environment (`SOC_*`), then `SOC_HOME/settings.toml`, then the defaults below. Every one is listed in docs/settings.md."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from soc.core.i18n import Lang


def default_home() -> Path:
    """`./var` in a checkout, else the user data folder of the platform."""
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file():
        return checkout / "var"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "vonggac"
    return Path.home() / ".local" / "share" / "vonggac"


class Settings(BaseSettings):
    """What an operator can set. Unknown keys in the file are refused."""

    model_config = SettingsConfigDict(env_prefix="SOC_", extra="forbid", frozen=True)

    home: Path = Field(default_factory=default_home, description="Folder of all data of this installation")
    lang: Lang = Field(default=Lang.VI, description="Language of the command line and of pages without a preference")
    province: str = Field(default="dong-nai", description="Id of the agency at the root of the tree")
    store: Literal["embedded", "elasticsearch"] = Field(
        default="embedded", description="Where events are kept: a folder in the home, or an Elasticsearch cluster"
    )
    elasticsearch_url: str = Field(
        default="", description="https://host:9200 of the cluster, several with commas between them; no password in it"
    )
    elasticsearch_api_key: SecretStr | None = Field(
        default=None, description="Encoded API key for the cluster, as soc elastic setup makes it"
    )
    elasticsearch_user: str = Field(default="", description="User of the cluster, where no API key is used")
    elasticsearch_password: SecretStr | None = Field(default=None, description="Password of that user")
    elasticsearch_ca: Path | None = Field(
        default=None, description="PEM file of the authority that signed the cluster's certificate"
    )
    elasticsearch_prefix: str = Field(
        default="vonggac", pattern=r"^[a-z][a-z0-9-]{0,60}$", description="What the names of indices begin with"
    )
    database_url: str = Field(default="", description="SQLAlchemy URL of the case database; empty = SQLite in the home")
    broker_url: str = Field(default="", description="Celery broker; empty = folder in the home")
    http_host: str = Field(default="127.0.0.1", description="Address the console listens on")
    http_port: int = Field(default=8686, ge=0, le=65535, description="Port the console listens on; 0 = any free one")
    http_tls: Literal["", "self-signed"] = Field(
        default="", description="self-signed = the console makes a certificate of its own and speaks TLS"
    )
    http_tls_cert: Path | None = Field(default=None, description="PEM file of the console's certificate and its chain")
    http_tls_key: Path | None = Field(default=None, description="PEM file of the key of that certificate")
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description="Addresses or networks of the proxies with TLS in front of the console, as a JSON list"
    )
    second_factor_roles: tuple[
        Literal["analyst", "shift_lead", "officer", "head", "reviewer", "auditor", "organiser", "admin"], ...
    ] = Field(
        default=("analyst", "shift_lead", "officer", "head", "reviewer", "auditor", "organiser", "admin"),
        description="Roles that must have a second factor, as a JSON list; sample homes ask nobody",
    )
    session_idle_minutes: int = Field(default=15, ge=1, le=240, description="Idle minutes after which a session locks")
    session_hours: int = Field(default=12, ge=1, le=24, description="Longest life of a session in hours")
    retention_months: int = Field(default=12, ge=1, le=120, description="Months that events are kept")
    retention_months_of_level: dict[Annotated[int, Field(ge=1, le=5)], Annotated[int, Field(ge=1, le=120)]] = Field(
        default={}, description="The same for single security levels, as a JSON object: level 1 to 5 -> months"
    )
    lookback_days: int = Field(
        default=30,
        ge=0,
        le=3660,
        description="Days that new rules and indicators are looked for in the past; 0 = not at all",
    )
    batch_size: int = Field(default=5000, ge=1, le=20000, description="Records of one pass through the pipeline")
    lateness_minutes: int = Field(
        default=60,
        ge=0,
        le=44640,
        description="How late an event may come and still be correlated with those around it",
    )
    lateness_minutes_of: dict[str, Annotated[int, Field(ge=0, le=44640)]] = Field(
        default={}, description="The same for single sources or platforms, as a JSON object: id -> minutes"
    )
    max_record_bytes: int = Field(default=1_048_576, ge=1024, description="A longer record is cut and quarantined")
    spool_limit_records: int = Field(
        default=2_000_000,
        ge=1000,
        description="Records that may wait in the spool before listeners hold their senders back",
    )
    spool_key: SecretStr | None = Field(
        default=None, description="Base64 key of 32 bytes for the spool; empty = key file"
    )
    smtp_url: str = Field(default="", description="smtp://host:port for the notify action; empty = mails are refused")
    webhooks: tuple[str, ...] = Field(
        default=(), description="The only addresses that a webhook may be sent to, as a JSON list"
    )
    metrics_token: SecretStr | None = Field(
        default=None, description="Bearer token for /metrics; empty = answered to this machine only"
    )
    sample: bool = Field(default=False, description="This home holds sample data; every page and report says so")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What a caller passes wins over the environment, that over the file of the home."""
        known = {**env_settings(), **init_settings()}
        home = Path(known.get("home") or default_home())
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, home / "settings.toml")

    @property
    def sql_url(self) -> str:
        """The database URL with its default filled in."""
        return self.database_url or f"sqlite:///{self.home / 'cases.sqlite'}"

    def at(self, home: Path) -> Self:
        """The same settings for another home."""
        return self.model_copy(update={"home": home})
