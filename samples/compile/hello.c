#include <stdio.h>

int main(void)
{
    puts("Hello from the last stage");
    return 0;
}
