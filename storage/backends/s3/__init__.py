"""The S3 driver: Amazon's store and those that speak its language. boto3 is imported in this package alone.

``backend`` is the driver; ``config`` what its row says, ``client`` the connection, ``signer`` the links, ``writer`` and
``reader`` the bytes, ``errors`` what went wrong in one sentence, ``rights`` whether the keys may do what is needed,
``promises`` whether the store refuses what our links rely on, ``cors`` what a browser needs. Nothing here is imported
before a row names the driver.
"""
