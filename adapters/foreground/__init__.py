"""Serves versions in the foreground: for looking at them, not for others to rely on.

::

    from adapters.foreground.serving import serve

    serve(loaded, wanted=["3=90%", "4=10%"], root=..., state=...)    # until Ctrl-C

What it starts lies in a state folder of its own, below `<state>/serving/.foreground`, so that it
is never taken for what is deployed.
"""
