"""A whole deployment: trained, packaged, built, started, smoke tested, taken over."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from adapters import registry
from adapters.access.keys import KeyFile
from adapters.admission import key_file
from adapters.declaration import LoadedProject, load
from adapters.hosting import take_away
from adapters.stacks.environment import state
from adapters.surveying import survey
from pipelines import deploying, running
from tests.pipelines.conftest import Write, orders
