import httpx
class EgressRefused(Exception): pass
def client(kind, timeout=5): return httpx.Client(timeout=timeout)
