"""Experimental designs have no figures of their own."""
