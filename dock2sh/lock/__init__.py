"""A lock: what one build got, so that a later one can ask for exactly that.

held.py      the types: Lock, the steps, the kinds of things that are locked, and what each word of them may be
text.py      dock2sh.lock as text (TOML): written, and read with distrust
records.py   what the steps of a recording build noted, as things that are locked
layers.py    what else they got, out of their layers: packages of pip, npm and gem
carry.py     Lock + Plan: what a script carries of it, and a plan whose ADDs are fixed
moves.py     what moved between two locks
"""
