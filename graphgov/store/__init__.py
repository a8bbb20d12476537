"""Tables into a graph and back; the contract and its stores."""
