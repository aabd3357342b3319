"""What has to be told is sent, and kept until it has been."""

from adapters.notifying.address import check, receivers
from adapters.notifying.delivering import Outcome, deliver
from adapters.notifying.trying import Tried, try_all

__all__ = ["Outcome", "Tried", "check", "deliver", "receivers", "try_all"]
