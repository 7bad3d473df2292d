/* SPDX-License-Identifier: MIT */
/* Drivers by their files, and what devices a driver has. */
#include "support/yoke_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/discovery.h"
#include "driver/drivers.h"

static const char pocl[] = "/etc/OpenCL/vendors/pocl.icd";

static char folder[64];
static char path[128];

static const char *in_folder(const char *name)
{
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *const file = fopen(in_folder(name), "w");

    assert_non_null(file);
    (void)fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/yoke-vendors-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(in_folder("a.icd"));
    (void)unlink(in_folder("b.icd"));
    (void)unlink(in_folder("c.icd"));
    (void)unlink(in_folder("d.icd"));
    (void)unlink(in_folder("note.txt"));
    (void)unlink(in_folder("libnvidia-opencl.so.1"));
    return rmdir(folder);
}

static void folder_is_listed_in_order(void **state)
{
    yk_opencl_driver drivers[YK_MAX_DRIVERS];

    (void)state;
    assert_int_equal(yk_opencl_drivers_in(folder, drivers), 0);
    write_file("b.icd", "  /opt/x/libpocl.so.9 \n# more\n");
    write_file("a.icd", "libother.so.1");
    write_file("c.icd", "libother.so.1\n"); /* again */
    write_file("d.icd", "\n");              /* names nothing */
    write_file("note.txt", "libnote.so");
    assert_int_equal(yk_opencl_drivers_in(folder, drivers), 2);
    assert_string_equal(drivers[0].path, in_folder("a.icd"));
    assert_string_equal(drivers[0].library, "libother.so.1");
    assert_false(drivers[0].is_pocl);
    assert_string_equal(drivers[1].library, "/opt/x/libpocl.so.9");
    assert_true(drivers[1].is_pocl);
}

static void one_file_or_library_is_a_driver(void **state)
{
    yk_opencl_driver drivers[YK_MAX_DRIVERS];

    (void)state;
    write_file("a.icd", "libother.so.1");
    assert_int_equal(yk_opencl_drivers_in(in_folder("a.icd"), drivers), 1);
    assert_string_equal(drivers[0].library, "libother.so.1");
    assert_int_equal(yk_opencl_drivers_in("libsome.so.2", drivers), 1);
    assert_string_equal(drivers[0].path, "libsome.so.2");
    assert_string_equal(drivers[0].library, "libsome.so.2");
    assert_int_equal(yk_opencl_drivers_in(in_folder("none.icd"), drivers), 0);
}

static void user_setting_comes_first(void **state)
{
    yk_opencl_driver drivers[YK_MAX_DRIVERS];

    (void)state;
    (void)setenv("OCL_ICD_VENDORS", "libmine.so", 1);
    assert_int_equal(yk_opencl_drivers(drivers), 1);
    assert_string_equal(drivers[0].library, "libmine.so");
    (void)setenv("OCL_ICD_VENDORS", "pocl.icd", 1);
    if (access(pocl, R_OK) == 0) {
        assert_int_equal(yk_opencl_drivers(drivers), 1);
        assert_string_equal(drivers[0].path, pocl);
    }
    (void)unsetenv("OCL_ICD_VENDORS");
}

static int list_pocl(void *arg)
{
    yk_opencl_device devices[YK_MAX_DRIVER_DEVICES];
    size_t count;

    (void)arg;
    if (yk_opencl_list(pocl, devices, &count, NULL) != YOKE_OK || count == 0) {
        return 1;
    }
    return devices[0].type == YK_HARDWARE_CPU && devices[0].memory_bytes > 0 &&
                   devices[0].name[0] != '\0' &&
                   strstr(devices[0].platform_name, "Portable") != NULL &&
                   strstr(devices[0].version, "OpenCL") != NULL
               ? 0
               : 2;
}

static void pocl_lists_its_device(void **state)
{
    (void)state;
    if (access(pocl, R_OK) != 0) {
        skip();
    }
    assert_int_equal(yt_in_child(list_pocl, NULL, 60), 0);
}

static int list_nothing(void *arg)
{
    yk_opencl_device devices[YK_MAX_DRIVER_DEVICES];
    yk_error error;
    size_t count = 7;

    return yk_opencl_list(arg, devices, &count, &error) == YOKE_ENODEVICE &&
                   count == 0 && strstr(error.text, arg) != NULL
               ? 0
               : 1;
}

static void driver_that_is_none_has_no_device(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(list_nothing, folder, 60), 0);
    assert_int_equal(yt_in_child(list_nothing, "/nonexistent/lib.so", 60), 0);
}

static int list_without_loader(void *arg)
{
    yk_opencl_device devices[YK_MAX_DRIVER_DEVICES];
    yk_error error;
    size_t count;

    (void)arg;
    (void)setenv("YOKE_OPENCL_LIBRARY", "/nonexistent/libOpenCL.so.1", 1);
    return yk_opencl_list(pocl, devices, &count, &error) == YOKE_ENODEVICE &&
                   strstr(error.text, "loader") != NULL
               ? 0
               : 1;
}

static void machine_without_loader_has_no_device(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(list_without_loader, NULL, 60), 0);
}

/* In a child: the variables are its own. */
static int find_nvidia(void *arg)
{
    yk_opencl_driver drivers[YK_MAX_DRIVERS];
    char folders[160];
    size_t count;
    size_t before;
    unsigned found = 0;

    (void)unsetenv("OCL_ICD_VENDORS");
    (void)unsetenv("LD_LIBRARY_PATH");
    before = yk_opencl_drivers(drivers);
    for (size_t i = 0; i < before; i++) {
        if (strstr(drivers[i].library, "nvidia") != NULL) {
            return 0; /* this machine has it anyway */
        }
    }
    (void)snprintf(folders, sizeof folders, "/nonexistent::%s", (const char *)arg);
    (void)setenv("LD_LIBRARY_PATH", folders, 1);
    count = yk_opencl_drivers(drivers);
    for (size_t i = 0; i < count; i++) {
        found += strcmp(drivers[i].path, in_folder("libnvidia-opencl.so.1")) == 0;
    }
    return count == before + 1 && found == 1 ? 0 : 1;
}

static void nvidias_library_needs_no_icd_file(void **state)
{
    (void)state;
    write_file("libnvidia-opencl.so.1", "");
    assert_int_equal(yt_in_child(find_nvidia, folder, 60), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(folder_is_listed_in_order, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(one_file_or_library_is_a_driver, make_folder,
                                        remove_folder),
        yt_unit_test(user_setting_comes_first),
        yt_unit_test(pocl_lists_its_device),
        cmocka_unit_test_setup_teardown(driver_that_is_none_has_no_device, make_folder,
                                        remove_folder),
        yt_unit_test(machine_without_loader_has_no_device),
        cmocka_unit_test_setup_teardown(nvidias_library_needs_no_icd_file, make_folder,
                                        remove_folder),
    };

    return yt_run_group(tests);
}
