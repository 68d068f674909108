from nn.testing import *
