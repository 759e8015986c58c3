"""The ConnectWise client, tested at the HTTP edge and against a real server on loopback."""
