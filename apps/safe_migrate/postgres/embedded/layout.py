"""Which file of the cluster's root is what."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """The paths of one cluster. `root` is absolute, `major` names everything inside."""

    root: Path
    major: int

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder; there only when it is complete."""
        return self.root / str(self.major)

    @property
    def password(self) -> Path:
        """Inside the data folder, so that neither is ever there without the other."""
        return self.data / "superuser.password"

    @property
    def partial(self) -> Path:
        """Where a data folder is made before it gets its name."""
        return self.root / f"{self.major}.partial"

    @property
    def log(self) -> Path:
        return self.root / f"{self.major}.log"

    @property
    def locks(self) -> Path:
        return self.root / f"{self.major}.locks"

    @property
    def turn(self) -> Path:
        """Held exclusively while a process starts or leaves: one at a time."""
        return self.locks / "turn"

    @property
    def users(self) -> Path:
        """Shared by all users for as long as they live; exclusive for who may stop the server."""
        return self.locks / "users"

    @property
    def server(self) -> Path:
        """Held exclusively by every process of the server, initdb included."""
        return self.locks / "server"

    @property
    def keeper(self) -> Path:
        """Held exclusively by the keeper."""
        return self.locks / "keeper"
