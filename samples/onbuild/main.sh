#!/bin/sh
echo "main ${1:-without arguments}"
