"""A system and its carrier: what the houses of the tests of calls, revisits and returns have in common."""

from telephony.peers.far_end import FarEnd


class Carried:
    """Both run from start() on, or within `with`; the far end takes every call that goes out."""

    def __init__(self, system, folder):
        self.system, self.switch, self.service = system, system.switch, system.service
        self.far_end = FarEnd("127.0.0.2", self.switch.carrier_port, folder / "far-end")

    def start(self):
        self.far_end.start()
        self.system.start()
        return self

    def stop(self):
        self.system.stop()
        self.far_end.stop()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()
