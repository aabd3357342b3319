"""How a service that runs is: what it says of itself, its event log, its disk."""

from adapters.health.looking import look as look
