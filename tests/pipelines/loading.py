"""Users who ask without a pause: `python loading.py PORT FOLDER`, until FOLDER/over is there.

Each of 300 users sends rows of their own; what came of every request is a line of FOLDER/told.
"""

import asyncio
import json
import random
import sys
import time
from pathlib import Path

USERS, CONNECTIONS, PAUSE = 300, 4, 0.012


async def ask(port: int, seed: int, over: Path, told: list[str]) -> None:
    chance = random.Random(seed)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while not over.exists():
        user = f"user-{chance.randrange(USERS)}"
        colour = chance.choice(["red", "green"])
        body = json.dumps({"x": round(chance.gauss(0, 1), 3), "the colour": colour}).encode()
        head = "POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        head += f"x-user-id: {user}\r\ncontent-length: {len(body)}\r\n\r\n"
        began = time.time()
        writer.write(head.encode() + body)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines[1:] if line)
        answer = await reader.readexactly(int(fields["content-length"]))
        status = int(lines[0].split(" ")[1])
        found = json.loads(answer) if status == 200 else {}
        line = {"at": began, "status": status, "user": user, "version": found.get("version")}
        told.append(json.dumps({**line, "id": found.get("request_id")}))
        if fields.get("connection") == "close":
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(PAUSE)
    writer.close()


async def main(port: int, folder: Path) -> None:
    told: list[str] = []
    try:
        await asyncio.gather(
            *(ask(port, seed, folder / "over", told) for seed in range(CONNECTIONS))
        )
    finally:
        (folder / "told").write_text("\n".join(told))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
