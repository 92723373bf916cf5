# To be filled: the generated catalogue.
