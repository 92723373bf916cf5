#pragma once

#include "core/injector.hpp"

#include <string>
#include <vector>

namespace ordeal::injectors {

/// A fault that is a program (stress-ng) on the host for as long as it holds.
struct HostProgram {
    /// Its command line.
    std::vector<std::string> (*argv)(const Fault& fault);
    /// Whether it does its harm, by two looks at what it uses.
    bool (*harms)(const ProgramStatus& before,
                  const ProgramStatus& after,
                  Duration between,
                  const Params& params);
    /// Of its own on the host, made before it starts and removed with all in it after its end: a
    /// program that is killed clears nothing away. nullptr: it needs none.
    std::string (*directory)(const Fault& fault) = nullptr;
};

/// The injector of such a fault. The program ends by itself after the parameter `at_most`.
/// Activation and residue are seen in the host's process table; healing kills it.
[[nodiscard]] std::unique_ptr<Injector> make_program_fault(HostProgram program);

/// stress-ng with these words and the time limit of the parameters.
[[nodiscard]] std::vector<std::string> stress_ng(std::vector<std::string> words,
                                                 const Params& params);

}  // namespace ordeal::injectors
