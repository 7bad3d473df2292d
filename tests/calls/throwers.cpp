// SPDX-License-Identifier: MIT
#include "throwers.h"

#include <cstdio>
#include <exception>
#include <iostream>
#include <new>
#include <stdexcept>
#include <string>

namespace
{

int alive;

// Is destroyed on the way.
struct local {
    local()
    {
        alive++;
    }
    ~local()
    {
        alive--;
    }
};

struct noisy : std::runtime_error {
    noisy() : std::runtime_error("bad row 7")
    {
        alive++;
    }
    noisy(const noisy &other) : std::runtime_error(other)
    {
        alive++;
    }
    ~noisy() override
    {
        alive--;
    }
};

struct padding {
    virtual ~padding() = default;
    int numbers[5] = {1, 2, 3, 4, 5};
};

struct second_base : padding, std::logic_error {
    second_base() : std::logic_error("behind another base")
    {
    }
};

struct virtual_base : virtual std::exception {
    const char *what() const noexcept override
    {
        return "through a virtual base";
    }
};

struct diamond_left : virtual_base {
};
struct diamond_right : padding, virtual std::exception {
    const char *what() const noexcept override
    {
        return "right";
    }
};
struct diamond : diamond_left, diamond_right {
    const char *what() const noexcept override
    {
        return "a diamond";
    }
};

struct hidden_base : private std::runtime_error {
    hidden_base() : std::runtime_error("nobody's business")
    {
    }
};

struct own_class {
    int code = 3;
};

void raise_error()
{
    local here;

    throw noisy();
}

void raise_second()
{
    throw second_base();
}
void raise_virtual()
{
    throw virtual_base();
}
void raise_diamond()
{
    throw diamond();
}
void raise_hidden()
{
    throw hidden_base();
}
void raise_own()
{
    throw own_class();
}
void raise_number()
{
    throw 42;
}
void raise_text()
{
    throw "plain words";
}
void raise_string()
{
    throw std::string("a string");
}
void raise_memory()
{
    throw std::bad_alloc();
}

void raise_again()
{
    std::exception_ptr kept;

    try {
        raise_error();
    } catch (...) {
        kept = std::current_exception();
    }
    std::rethrow_exception(kept);
}

void raise_through_handler()
{
    try {
        raise_error();
    } catch (const std::exception &first) {
        throw std::logic_error(std::string("because of ") + first.what());
    }
}

} // namespace

extern "C" {

const thrown_kind thrown_kinds[] = {
    {raise_error, "noisy: bad row 7"},
    {raise_second, "second_base: behind another base"},
    {raise_virtual, "virtual_base: through a virtual base"},
    {raise_diamond, "diamond: a diamond"},
    {raise_hidden, "hidden_base"},
    {raise_own, "own_class"},
    {raise_number, "exception of type int"},
    {raise_text, "char const*: plain words"},
    {raise_string, "basic_string"},
    {raise_memory, "std::bad_alloc: std::bad_alloc"},
    {raise_again, "noisy: bad row 7"},
    {raise_through_handler, "std::logic_error: because of bad row 7"},
};
const size_t thrown_kind_count = sizeof thrown_kinds / sizeof thrown_kinds[0];

void throw_error(void)
{
    raise_error();
}

int caught(void (*function)(void *context), void *context, char *text, size_t bytes)
{
    try {
        function(context);
    } catch (const std::exception &thrown) {
        std::snprintf(text, bytes, "%s", thrown.what());
        return 1;
    }
    return 0;
}

int exceptions_on_their_way(void)
{
    return std::uncaught_exceptions();
}

int objects_alive(void)
{
    return alive;
}
}

void cout_use_own_buffer(void)
{
    std::ios::sync_with_stdio(false);
}

void cout_print(const char *text)
{
    std::cout << text;
}
