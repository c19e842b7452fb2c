/* SPDX-License-Identifier: Apache-2.0
 *
 * Replays a corpus through LLVMFuzzerTestOneInput and prints TAP, one line per file, so that every input
 * that ever mattered runs in plain `make check`. The corpus is tests/fuzz/corpus/NAME for a program named
 * fuzz_NAME; files or folders given as arguments replace it. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned tests_run, tests_failed;

static void replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    tests_run++;
    if (!f || fstat(fileno(f), &st) != 0) {
        printf("not ok %u - %s: %s\n", tests_run, path, strerror(errno));
        tests_failed++;
        if (f)
            fclose(f);
        return;
    }
    size_t size = (size_t)st.st_size;
    uint8_t *data = malloc(size ? size : 1); /* exact size: a sanitizer sees one byte too many */
    if (fread(data, 1, size, f) != size) {
        printf("not ok %u - %s: short read\n", tests_run, path);
        tests_failed++;
    } else {
        LLVMFuzzerTestOneInput(data, size);
        const char *name = strrchr(path, '/');
        printf("ok %u - %s\n", tests_run, name ? name + 1 : path);
    }
    free(data);
    fclose(f);
}

static void replay(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) {
        replay_file(path);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        char child[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
        replay(child);
    }
    closedir(dir);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        for (int i = 1; i < argc; i++)
            replay(argv[i]);
    } else {
        const char *top = getenv("G_TEST_SRCDIR");
        const char *name = strstr(argv[0], "fuzz_");
        char path[4096];
        snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", top ? top : ".", name ? name + strlen("fuzz_") : "");
        replay(path);
    }
    if (tests_run == 0) {
        printf("not ok 1 - the corpus is empty\n");
        tests_run = tests_failed = 1;
    }
    printf("1..%u\n", tests_run);
    return tests_failed ? 1 : 0;
}
