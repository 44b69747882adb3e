#!/bin/sh
echo "I am $(id -u), in $PWD"
